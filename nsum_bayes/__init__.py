"""Bayesian network scale-up: from a household survey to prevalence by municipality, with honest uncertainty."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nsum_bayes.errors import FitError, ModelError, NsumError, ReleaseError, StudyError

if TYPE_CHECKING:
    from nsum_bayes.checks.calibration import Calibration, calibrate
    from nsum_bayes.checks.compare import Comparison, compare
    from nsum_bayes.checks.convergence import Diagnosis, diagnose
    from nsum_bayes.checks.holdout import HoldOut, hold_out
    from nsum_bayes.checks.predictive import PredictiveCheck, posterior_predictive_check, prior_predictive_check
    from nsum_bayes.checks.predictors import Predictors, predictors
    from nsum_bayes.checks.residuals import Residuals, residuals
    from nsum_bayes.checks.sensitivity import Sensitivity, sensitivity
    from nsum_bayes.classical.scale_up import Adjustment, ClassicalEstimates, scale_up
    from nsum_bayes.data.areas import Areas
    from nsum_bayes.data.bundled import sample_folder
    from nsum_bayes.data.groups import KnownSizes
    from nsum_bayes.data.study import Study
    from nsum_bayes.data.survey import Survey
    from nsum_bayes.data.waves import join_waves
    from nsum_bayes.estimates.estimates import Estimates
    from nsum_bayes.estimates.from_fit import estimate
    from nsum_bayes.estimates.networks import network_sizes
    from nsum_bayes.estimates.summaries import Suppression
    from nsum_bayes.inference.fit import Fit, fit
    from nsum_bayes.model.build import build_model
    from nsum_bayes.model.elicit import degree_ratio_from_quantiles, transmission_from_quantiles
    from nsum_bayes.model.simulate import simulate
    from nsum_bayes.model.spec import ModelSpec, load_model, model_names
    from nsum_bayes.planning import Plan, plan
    from nsum_bayes.report.exports import write_exports
    from nsum_bayes.report.figures import figure_for, save_figure
    from nsum_bayes.report.html import write_report
    from nsum_bayes.report.interactive import write_interactive_map
    from nsum_bayes.report.release import Release, release
    from nsum_bayes.report.tables import write_estimates

    __version__: str

__all__ = [
    "Study",
    "Survey",
    "Areas",
    "KnownSizes",
    "ModelSpec",
    "load_model",
    "model_names",
    "transmission_from_quantiles",
    "degree_ratio_from_quantiles",
    "build_model",
    "simulate",
    "join_waves",
    "fit",
    "Fit",
    "diagnose",
    "Diagnosis",
    "hold_out",
    "HoldOut",
    "compare",
    "Comparison",
    "sensitivity",
    "Sensitivity",
    "predictors",
    "Predictors",
    "posterior_predictive_check",
    "prior_predictive_check",
    "PredictiveCheck",
    "residuals",
    "Residuals",
    "calibrate",
    "Calibration",
    "plan",
    "Plan",
    "estimate",
    "network_sizes",
    "Estimates",
    "Suppression",
    "scale_up",
    "Adjustment",
    "ClassicalEstimates",
    "figure_for",
    "save_figure",
    "write_estimates",
    "write_exports",
    "write_interactive_map",
    "release",
    "Release",
    "write_report",
    "sample_folder",
    "NsumError",
    "StudyError",
    "ModelError",
    "FitError",
    "ReleaseError",
    "__version__",
]

# Names are imported when first used: PyMC takes seconds, and `nsum check` does without it.
_HOME = {
    "Study": "nsum_bayes.data.study",
    "sample_folder": "nsum_bayes.data.bundled",
    "Suppression": "nsum_bayes.estimates.summaries",
    "scale_up": "nsum_bayes.classical.scale_up",
    "Adjustment": "nsum_bayes.classical.scale_up",
    "ClassicalEstimates": "nsum_bayes.classical.scale_up",
    "figure_for": "nsum_bayes.report.figures",
    "save_figure": "nsum_bayes.report.figures",
    "write_estimates": "nsum_bayes.report.tables",
    "write_exports": "nsum_bayes.report.exports",
    "write_interactive_map": "nsum_bayes.report.interactive",
    "release": "nsum_bayes.report.release",
    "Release": "nsum_bayes.report.release",
    "write_report": "nsum_bayes.report.html",
    "Survey": "nsum_bayes.data.survey",
    "Areas": "nsum_bayes.data.areas",
    "KnownSizes": "nsum_bayes.data.groups",
    "ModelSpec": "nsum_bayes.model.spec",
    "load_model": "nsum_bayes.model.spec",
    "model_names": "nsum_bayes.model.spec",
    "transmission_from_quantiles": "nsum_bayes.model.elicit",
    "degree_ratio_from_quantiles": "nsum_bayes.model.elicit",
    "build_model": "nsum_bayes.model.build",
    "simulate": "nsum_bayes.model.simulate",
    "fit": "nsum_bayes.inference.fit",
    "Fit": "nsum_bayes.inference.fit",
    "diagnose": "nsum_bayes.checks.convergence",
    "hold_out": "nsum_bayes.checks.holdout",
    "HoldOut": "nsum_bayes.checks.holdout",
    "compare": "nsum_bayes.checks.compare",
    "Comparison": "nsum_bayes.checks.compare",
    "sensitivity": "nsum_bayes.checks.sensitivity",
    "Sensitivity": "nsum_bayes.checks.sensitivity",
    "predictors": "nsum_bayes.checks.predictors",
    "Predictors": "nsum_bayes.checks.predictors",
    "posterior_predictive_check": "nsum_bayes.checks.predictive",
    "prior_predictive_check": "nsum_bayes.checks.predictive",
    "PredictiveCheck": "nsum_bayes.checks.predictive",
    "residuals": "nsum_bayes.checks.residuals",
    "Residuals": "nsum_bayes.checks.residuals",
    "calibrate": "nsum_bayes.checks.calibration",
    "Calibration": "nsum_bayes.checks.calibration",
    "Diagnosis": "nsum_bayes.checks.convergence",
    "estimate": "nsum_bayes.estimates.from_fit",
    "network_sizes": "nsum_bayes.estimates.networks",
    "join_waves": "nsum_bayes.data.waves",
    "plan": "nsum_bayes.planning",
    "Plan": "nsum_bayes.planning",
    "Estimates": "nsum_bayes.estimates.estimates",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = _installed_version()
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'nsum_bayes' has no attribute '{name}'")
    globals()[name] = value
    return value


def _installed_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nsum-bayes")
    except PackageNotFoundError:  # run from a source folder that was never installed
        return "0+source"


def __dir__() -> list[str]:
    return sorted(__all__)
