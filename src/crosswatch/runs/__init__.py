"""The run protocol: lease, settle, read, prove, plan, journal, write, close. Around the pure engine."""
