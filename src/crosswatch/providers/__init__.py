"""One folder per service. A provider imports config, net and model; never the store, the web or another one."""
