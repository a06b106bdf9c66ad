"""Where somebody is signed in with a browser."""
