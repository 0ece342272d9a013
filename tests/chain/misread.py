"""A pipeline that misreads: ten times the price of every favourite, before the checks see it."""

from dataclasses import replace

from horses_scrapy.items import OddsItem


class Tenfold:
    def process_item(self, item):
        if not isinstance(item, OddsItem):
            return item
        shortest = min((price for price in item.prices if price.price is not None), key=lambda price: price.price)
        wrong = replace(shortest, price=shortest.price * 10)
        return replace(item, prices=tuple(wrong if price is shortest else price for price in item.prices))
