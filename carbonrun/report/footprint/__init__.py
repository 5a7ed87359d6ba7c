"""What stands beside the grams of a run: embodied emissions, rates, water, cost, comparisons."""
