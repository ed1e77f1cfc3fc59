"""An ensemble lifts a model, written for one network, over members that never meet."""
