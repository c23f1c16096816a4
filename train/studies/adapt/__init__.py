"""What an adaptation gives people whom no network has met: `cdat-train adapt-study`."""
