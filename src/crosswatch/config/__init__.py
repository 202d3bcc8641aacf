"""The configuration document: connections and settings, sealed where they are secret, edited by people and pages."""
