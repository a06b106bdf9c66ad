"""Groups that are synced as groups: a static security group in the target, with those of its members whom the same
job brought there (provisioning §5.6).

`decide` says what becomes of one group, `target` does it there in one transaction, `walk` leads a drain's lanes to
the groups that a stretch of the feed concerns.
"""
