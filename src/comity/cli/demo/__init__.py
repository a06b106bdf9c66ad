"""The worked example: three tenants that belong together, four people, and one who has a personal account."""
