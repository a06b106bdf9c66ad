"""Import of people from files: read as a stream, checked row by row, written in batches (design §5.2).

A row goes source → csv_rows or json_rows → parse → decide → service; each step is a module.
"""
