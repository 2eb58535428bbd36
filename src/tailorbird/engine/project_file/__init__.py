"""Campaigns as code: a project written as one readable file, and a file applied to a project, seen before it acts."""

from tailorbird.engine.project_file.apply import apply
from tailorbird.engine.project_file.export import export_text
from tailorbird.engine.project_file.form import ProjectFile
from tailorbird.engine.project_file.plan import Plan
from tailorbird.engine.project_file.reading import FileText, located, read_json, read_yaml

__all__ = ["FileText", "Plan", "ProjectFile", "apply", "export_text", "located", "read_json", "read_yaml"]
