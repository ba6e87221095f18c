"""Compare GAN objectives under one protocol.

Layers, each importing only what stands below it (``tests/test_layers.py`` holds them to it):

    cli, listing
    report                              tables and figures to one page
    analysis                            tidy rows in, statistics out
    conformance, training, manifest     checks, the cohort engine, gathering
    plan, config, schema                studies and what they stand for
    objectives, architectures, datasets, metrics
    records, optimizers, provenance, messages, files

``analysis`` and ``report`` never import torch; nothing here knows about Snakemake.
"""

__version__ = "0.1.0"
