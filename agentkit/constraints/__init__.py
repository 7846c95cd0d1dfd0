"""What may stand on a canvas: JSON Schemas as automata over a model's tokens.

The way is schema -> grammar of the dialect's wire format -> token automaton. What a string or a number may look like is
a byte automaton (`ByteDFA`), folded over the vocabulary once (`Vocabulary.fold`); the rest of a call is literals. The
engine holds a canvas to the most probable path of the automaton while it is denoised.
"""
