"""The latent explorer: what a trained model makes, on a page in the browser.

`views` computes what is seen, from the verbs of a SavedModel; `files` turns it into files; `page`
shows it, and is the only module that needs NiceGUI.
"""
