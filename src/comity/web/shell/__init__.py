"""What all pages share: layout, look, languages, forms, and how a page says that something went wrong."""
