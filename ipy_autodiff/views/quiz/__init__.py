"""Ask for each gradient before it is shown, and recognize the misconception behind a wrong answer."""
