"""What was observed: the study file, the survey, known sizes, areas and their geometry, read and checked."""
