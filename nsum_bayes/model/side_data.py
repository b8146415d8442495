"""Side data on transmission: members of a hidden group asked how many of their contacts are aware of it.

    aware_j ~ BetaBinomial(contacts_j, mean τ, within-member correlation ρ),   ρ ~ Beta(1, 4)

One member's contacts are alike (those who hide it hide it from most), so the answers of one member count for less than
as many independent ones; ρ says by how much, and with ρ = 0 this is aware_j ~ Binomial(contacts_j, τ).
The game of contacts: Salganik, Mello, Abdo, Bertoni, Fazito, Bastos (2011), Social Networks 33(1), 70–78.

Where the table has the members' own answers on known groups, it tells the degree ratio δ as well:

    log d_j ~ Normal(degree mean + log δ, degree sd),   y_jk ~ counts(mean d_j θ_k)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from nsum_bayes.errors import ModelError
from nsum_bayes.model.components import Counts, NegativeBinomial1, NegativeBinomial2, Poisson

if TYPE_CHECKING:
    from nsum_bayes.data.study import Study

CORRELATION_SHAPES = (1.0, 4.0)
COUNTS = ("contacts", "aware")


@dataclass(frozen=True)
class SideData:
    """A table of members of one hidden group.

    Parameters
    ----------
    group
        The hidden group.
    contacts, aware
        Contacts asked about and those aware of the membership (member,).
    answers
        Members' answers on known groups (member, known_group of ``known``), NaN where missing.
    known
        Positions of those groups among the known groups.
    tells_transmission, tells_ratio
        Which statements of the study rest on this table.
    """

    group: str
    contacts: np.ndarray
    aware: np.ndarray
    answers: np.ndarray
    known: np.ndarray
    tells_transmission: bool
    tells_ratio: bool


def side_data_of(study: Study) -> tuple[SideData, ...]:
    """The tables of members that a study's statements rest on, in the order of the hidden groups."""
    groups = list(study.known_groups)
    found = []
    for name in study.hidden_groups:
        if name not in study.contacts:
            continue
        table, hidden = study.contacts[name], study.hidden(name)
        known = [group for group in groups if group in table.columns]
        found.append(
            SideData(
                group=name,
                contacts=table["contacts"].to_numpy(dtype=np.int64),
                aware=table["aware"].to_numpy(dtype=np.int64),
                answers=table[known].to_numpy(dtype=float).reshape(len(table), len(known)),
                known=np.array([groups.index(group) for group in known], dtype=np.int64),
                tells_transmission=hidden.transmission.side_data is not None,
                tells_ratio=hidden.degree_ratio.side_data is not None,
            )
        )
    return tuple(found)


def add_awareness(side_data: tuple[SideData, ...], transmission: TensorVariable, groups: list[str]) -> None:
    """Add the members' contacts as a second likelihood of the transmission (hidden_group)."""
    telling = [table for table in side_data if table.tells_transmission]
    if not telling:
        return
    correlation = pm.Beta("awareness_correlation", *CORRELATION_SHAPES, shape=len(telling))
    for number, table in enumerate(telling):
        tau = transmission[groups.index(table.group)]
        size = 1.0 / correlation[number] - 1.0
        pm.BetaBinomial(
            f"aware_{table.group}",
            n=table.contacts,
            alpha=tau * size,
            beta=(1.0 - tau) * size,
            observed=table.aware,
        )


def add_members(
    side_data: tuple[SideData, ...],
    counts: Counts,
    dispersion: TensorVariable | None,
    log_known: TensorVariable,
    log_ratio: TensorVariable,
    degree: tuple[TensorVariable, TensorVariable],
    groups: list[str],
) -> None:
    """Add the members' own answers on known groups as a second likelihood of the degree ratio.

    Parameters
    ----------
    dispersion
        The counts' dispersion (group), known groups first; None for Poisson counts.
    log_known
        Log of the reported share of each known group, as members see it (known_group,).
    log_ratio
        Log δ (hidden_group).
    degree
        Mean and standard deviation of log degree.
    """
    for table in (table for table in side_data if table.tells_ratio):
        if not isinstance(counts, Poisson | NegativeBinomial1 | NegativeBinomial2):
            raise ModelError(
                "Members' answers on known groups need counts of kind poisson, nb1 or nb2.",
                where=f"side data of '{table.group}'",
                advice="Choose other counts, or state the degree ratio as a fixed value or a prior.",
            )
        member, column = np.nonzero(~np.isnan(table.answers))
        observed = table.answers[member, column].astype(np.int64)
        start = np.log(np.nansum(table.answers, axis=1) + 0.5) + 3.0
        typical, spread = degree
        centre = typical + log_ratio[groups.index(table.group)]
        raw = pm.Normal(f"member_degree_{table.group}", centre, spread, shape=len(table.answers), initval=start)
        mean = pt.exp(raw[member] + log_known[table.known[column]])
        _observe(f"member_answers_{table.group}", counts, mean, dispersion, table.known[column], observed)


def _observe(
    name: str,
    counts: Counts,
    mean: TensorVariable,
    dispersion: TensorVariable | None,
    group: np.ndarray,
    observed: np.ndarray,
) -> None:
    if dispersion is None:
        pm.Poisson(name, mean, observed=observed)
    elif isinstance(counts, NegativeBinomial1):
        pm.NegativeBinomial(name, mu=mean, alpha=mean / dispersion[group], observed=observed)
    else:
        pm.NegativeBinomial(name, mu=mean, alpha=dispersion[group], observed=observed)
