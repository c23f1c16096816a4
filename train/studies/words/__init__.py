"""Study of unfinished words: which of them are in the final result?"""
