"""Which build service it is, and the labels from it."""

from __future__ import annotations

import pytest

from carbonrun.ci.services import SERVICES, ci_labels, find_service
from carbonrun.recording import BUILD_MARKS

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("environment", "labels"),
    [
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_SHA": SHA, "GITHUB_REF_NAME": "main",
             "GITHUB_JOB": "build", "CI": "true"},
            {"ci": "github", "commit": SHA, "branch": "main", "job": "build"},
        ),
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_SHA": SHA, "GITHUB_REF_NAME": "7/merge",
             "GITHUB_HEAD_REF": "feature"},
            {"ci": "github", "commit": SHA, "branch": "feature"},
        ),
        (
            {"GITLAB_CI": "true", "CI_COMMIT_SHA": SHA, "CI_COMMIT_REF_NAME": "main",
             "CI_JOB_NAME": "test 1/2"},
            {"ci": "gitlab", "commit": SHA, "branch": "main", "job": "test 1/2"},
        ),
        (
            {"GITLAB_CI": "true", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "mine",
             "CI_COMMIT_REF_NAME": "refs/merge-requests/1/head"},
            {"ci": "gitlab", "branch": "mine"},
        ),
        (
            {"JENKINS_URL": "https://ci.example", "GIT_COMMIT": SHA, "GIT_BRANCH": "origin/main",
             "JOB_NAME": "folder/nightly"},
            {"ci": "jenkins", "commit": SHA, "branch": "main", "job": "folder/nightly"},
        ),
        (
            {"TF_BUILD": "True", "BUILD_SOURCEVERSION": SHA,
             "BUILD_SOURCEBRANCH": "refs/heads/a/b", "SYSTEM_JOBDISPLAYNAME": "Job"},
            {"ci": "azure", "commit": SHA, "branch": "a/b", "job": "Job"},
        ),
        (
            {"BUILDKITE": "true", "BUILDKITE_COMMIT": SHA, "BUILDKITE_BRANCH": "main",
             "BUILDKITE_LABEL": ":hammer: build"},
            {"ci": "buildkite", "commit": SHA, "branch": "main", "job": ":hammer: build"},
        ),
        ({"CI": "true", "GITHUB_SHA": SHA}, {}),
        ({"GITHUB_ACTIONS": ""}, {}),
        ({}, {}),
    ],
    ids=str,
)  # fmt: skip
def test_labels(environment: dict[str, str], labels: dict[str, str]) -> None:
    assert ci_labels(environment) == labels
    found = find_service(environment)
    assert (found.name if found else None) == labels.get("ci")


def test_the_run_knows_when_to_ask() -> None:
    """The marks are named twice, so that most runs need not import the services."""
    assert set(BUILD_MARKS) == {service.mark for service in SERVICES}
