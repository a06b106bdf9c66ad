"""Sync configurations as Graph knows them: an application whose one job carries people to one target."""
