"""Which build service this is, and what it says about the build: commit, branch, job. Pure.

Source: the services' own lists of variables: docs.github.com (Variables reference), docs.gitlab.com
(Predefined CI/CD variables), jenkins.io (env-vars.html), learn.microsoft.com (Use predefined
variables), buildkite.com (Environment variables).
"""

from __future__ import annotations

from carbonrun.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

GITHUB, GITLAB = "github", "gitlab"
_PREFIXES = ("refs/heads/", "origin/")


class Service(Record):
    """A build service.

    Attributes:
        name: the value of the label ``ci``.
        mark: a variable that only it sets.
        commit, branch, job: variables, the first one that is set counts.
    """

    name: str
    mark: str
    commit: tuple[str, ...]
    branch: tuple[str, ...]
    job: tuple[str, ...]


SERVICES = (
    Service(
        name=GITHUB, mark="GITHUB_ACTIONS", commit=("GITHUB_SHA",),
        branch=("GITHUB_HEAD_REF", "GITHUB_REF_NAME"), job=("GITHUB_JOB",),
    ),
    Service(
        name=GITLAB, mark="GITLAB_CI", commit=("CI_COMMIT_SHA",),
        branch=("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME"),
        job=("CI_JOB_NAME",),
    ),
    Service(
        name="buildkite", mark="BUILDKITE", commit=("BUILDKITE_COMMIT",),
        branch=("BUILDKITE_BRANCH",), job=("BUILDKITE_LABEL", "BUILDKITE_STEP_KEY"),
    ),
    Service(
        name="azure", mark="TF_BUILD", commit=("BUILD_SOURCEVERSION",),
        branch=("SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"),
        job=("SYSTEM_JOBDISPLAYNAME", "AGENT_JOBNAME"),
    ),
    Service(
        name="jenkins", mark="JENKINS_URL", commit=("GIT_COMMIT",),
        branch=("CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"), job=("JOB_NAME",),
    ),
)  # fmt: skip


def find_service(environment: Mapping[str, str]) -> Service | None:
    """Return the build service that has started us, None if it is none of those."""
    return next((one for one in SERVICES if environment.get(one.mark)), None)


def ci_labels(environment: Mapping[str, str]) -> dict[str, str]:
    """Return tags for a run: ``ci``, ``commit``, ``branch``, ``job``, as far as they are told."""
    service = find_service(environment)
    if service is None:
        return {}
    told = {
        "commit": _first(environment, service.commit),
        "branch": _without_prefix(_first(environment, service.branch)),
        "job": _first(environment, service.job),
    }
    return {"ci": service.name, **{key: value for key, value in told.items() if value}}


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")


def _without_prefix(branch: str) -> str:
    for prefix in _PREFIXES:
        branch = branch.removeprefix(prefix)
    return branch
