"""What random numbers a step of either player asks for, so that they can be drawn ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from bench.components import Tensors
from bench.training.rounds import Hand, Rounds
from bench.training.streams import Recorder, Replay, Streams

Draws = Callable[[int], tuple[Tensor, ...]]


class Requests:
    """Learns the requests from one round of each player, and serves them from streams.

    Args:
        rounds: The losses of one run.
        hand: What some run brings to a step.
        parameters: The same run's generator's parameters.
        streams: Where numbers come from.
    """

    def __init__(self, rounds: Rounds, hand: Hand, parameters: Tensors, streams: Streams) -> None:
        self._streams = streams
        players = {"discriminator": Recorder(streams.device), "generator": Recorder(streams.device)}
        rounds.discriminator_loss(hand, players["discriminator"], 0, 0)
        rounds.generator_loss(hand, parameters, players["generator"], 0)
        self._requests = {player: recorder.requests for player, recorder in players.items()}

    def draws(self, name: str, player: str) -> Draws:
        """Return the numbers that a step of ``player`` asks for, under a stream's name."""
        made = [
            (self._streams.uniform if kind == "uniform" else self._streams.normal)(
                f"{name}/{position}", *shape
            )
            for position, (kind, shape) in enumerate(self._requests[player])
        ]
        return lambda index: tuple(stream(index) for stream in made)

    def replay(self, draws: Sequence[Tensor], player: str) -> Replay:
        """Return one run's draws as the source of noise that a step of ``player`` sees."""
        return Replay(draws, [kind for kind, _ in self._requests[player]])
