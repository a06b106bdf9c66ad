"""The parts of `bench/sync.py`: an initial share, small changes in large tenants, and how soon others see them."""
