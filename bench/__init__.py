"""Compare GAN objectives under one protocol.

Layers, each importing only what stands below it (``tests/test_layers.py`` holds them to it):

    cli, listing
    report                              tables and figures to one page
    analysis                            tidy rows in, statistics out
    conformance, calibration, manifest  checks, estimates against the truth, gathering
    training                            the cohort engine
    plan, config, checks, schema        studies and what they stand for
    game                                an objective with its techniques
    objectives, techniques              what both players minimise
    calculus, components, plugins       what these are made of and how they are found
    architectures, layers, datasets, metrics
    records, optimizers, provenance, messages, files

``analysis`` and ``report`` never import torch; nothing here knows about Snakemake.
"""

__version__ = "0.1.0"
