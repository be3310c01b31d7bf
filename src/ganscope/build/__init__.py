"""From a configuration to the objects it names: the only place that knows all parts and introduces them."""
