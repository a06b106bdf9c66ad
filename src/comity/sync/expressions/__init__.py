"""The expression language of attribute mappings: text is parsed once, evaluated for many people (provisioning §6).

`compiling.compile_expression` is the way in; `tree` has the nouns, `functions` the table of all functions.
"""
