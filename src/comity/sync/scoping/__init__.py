"""Scoping filters: which people of the source are offered, by clauses over their attributes (provisioning §4.2).

`model` has the nouns and reads the wire form, `checking` looks at a filter that is to be saved, `compiling` makes it
a predicate for many people.
"""
