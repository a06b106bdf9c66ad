"""OData as Graph speaks it: query options, filters, searches."""
