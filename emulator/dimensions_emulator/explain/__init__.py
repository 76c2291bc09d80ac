"""Why a request was refused, and the smallest change that would have passed."""
