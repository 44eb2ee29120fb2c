"""The command line's verbs without a screen; each file is one family of them."""
