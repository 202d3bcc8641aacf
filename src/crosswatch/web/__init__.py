"""The pages and the API, over HTTP."""
