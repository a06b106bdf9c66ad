"""How a job stands, in Graph's words."""
