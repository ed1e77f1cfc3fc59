"""How fast one plain network is, alone on the machine, beside the reference MLP."""
