"""Metrics: pure functions of arrays or features, one family a file.

``modes``, ``transport``, ``kernels`` and ``likelihood`` take points; ``extractors`` and
``classifier`` turn images into features, and ``fidelity``, ``frechet``, ``neighbours`` and
``stacked`` features into numbers; ``evaluator`` binds a dataset to its named protocols.
"""
