"""An actor and critic with a memory: it acts one step a call and learns from whole sequences.

A training step collects a rollout without gradients and then does some epochs on it, as PPO does;
used, it acts in one environment.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Normal

from .program import Program

SEEN, ACTIONS, UNITS, STEPS, BATCH, EPOCHS = 8, 2, 128, 64, 8, 4


class Model(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(SEEN, 64), nn.Tanh())
        self.rnn = getattr(nn, kind)(64, UNITS)
        self.actor, self.critic = nn.Linear(UNITS, ACTIONS), nn.Linear(UNITS, 1)
        self.log_std = nn.Parameter(torch.zeros(ACTIONS))

    def forward(self, seen: Tensor, states: Any = None) -> tuple[Normal, Tensor, Any]:
        y, states = self.rnn(self.features(seen), states)
        return Normal(self.actor(y), self.log_std.exp()), self.critic(y)[..., 0], states


class ActorCritic(Program):
    def __init__(self, kind: str) -> None:
        super().__init__(Model(kind))
        self.dynamics = torch.randn(SEEN, SEEN) / SEEN**0.5
        self.control = torch.randn(ACTIONS, SEEN)

    @torch.no_grad()
    def rollout(self, batch: int) -> list[Tensor]:
        """What was seen and done in so many environments, its logarithm of probability, rewards."""
        seen, states, found = torch.ones(1, batch, SEEN), None, []
        for _ in range(STEPS):
            policy, _, states = self.model(seen, states)
            action = policy.sample()
            after = torch.tanh(seen @ self.dynamics + action @ self.control)
            found.append((seen, action, policy.log_prob(action).sum(-1), -after.square().sum(-1)))
            seen = after
        return [torch.cat(each) for each in zip(*found, strict=True)]

    def loss(self) -> Tensor:
        seen, actions, before, returns = self.experience
        policy, values, _ = self.model(seen)
        advantages = (returns - values).detach()
        ratio = (policy.log_prob(actions).sum(-1) - before).exp()
        gain = torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages)
        return 0.5 * (returns - values).square().mean() - gain.mean()

    def train(self) -> Tensor:
        seen, actions, before, rewards = self.rollout(BATCH)
        returns = rewards.flip(0).cumsum(0).flip(0) / STEPS
        self.experience = seen, actions, before, returns
        return torch.stack([super(ActorCritic, self).train() for _ in range(EPOCHS)])

    def use(self) -> Tensor:
        return self.rollout(1)[0]
