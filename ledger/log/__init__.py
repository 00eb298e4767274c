"""The log as others see it: published as tiles, cosigned by witnesses, judged by a policy."""
