"""The one HTTP client: pacing per host, retries, proxies, redaction, what a blocked host looks like.

Nothing in here knows a service by name; no exception of the HTTP library leaves this package.
"""
