"""Stateful, wire-level stand-ins for the services, one package each, as unkind as the real ones.

Imported only by `crosswatch demo` and by tests; nothing here imports the rest of the product.
"""
