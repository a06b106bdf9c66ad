"""The door that speaks Microsoft Graph: `/v1.0` and `/beta`, in Graph's spelling (spec graph-api)."""
