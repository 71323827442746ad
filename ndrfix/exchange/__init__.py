"""What is known about Exchange 5.5: builds, hotfixes, services, registry values. Every fact names its source."""
