"""The derived side: a copy of the record for questions about many people. It may be made anew."""
