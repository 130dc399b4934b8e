"""The segment builder: a form for any tree of the segment language (D-02).

What is on the page is a tree of parts (`parts.py`), each with fields of text as a form has them.
`trees.py` makes JSON of it, the same that the API takes, and parts of any JSON; `checking.py`
reads that with the one parser there is and says what is wrong at which part; `moves.py` is what
buttons do. Those are pure. `choices.py` offers names, `pages.py` has the handlers.
"""
