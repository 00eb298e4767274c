"""Looking for what must not be generated: words in prompts, pictures near reference media. Pure; no rule in here."""
