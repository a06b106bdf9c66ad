"""The Teams cmdlets, typed as in PowerShell: a language, its check, and what each cmdlet does.

`grammar.lark` and `parse` make a script of the text, `evaluate` walks through it, `bind` fits arguments to
parameters, `library` has the cmdlets, `execution` runs them. A script is walked through twice by the same
code: first with `execution.Rehearsal`, where cmdlets that need the tenant answer with unknown values of a
known shape, so that what is wrong anywhere in the text is told before anything is done; then for real.
"""
