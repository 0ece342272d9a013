"""What each source's answers cannot tell by themselves: where two values of them change places, nothing else says so.

A pattern is searched in "<kind> <path>" of a mutation (mutate.py). Only swaps stand here, and lists whose order is all they
say: a value that is dropped, doubled, of another type or cut off must never pass for the truth.
"""

from typing import Final

UNDETECTABLE: Final[dict[str, tuple[str, ...]]] = {
    "tab_nz": (
        r"swap between data\.runners\.\*\.(name|odds|runner_number)",  # two horses' names, odds or numbers
        r"swap data\.runners\.\*\.(odds\.|name<>|\w+<>name|horse_id<>runner_number|runner_number<>horse_id)",
        r"swap between data\.tote_pools\.\*\.(total|product_type)",
        r"swap (between )?data\.tote_pools\.\*\.will_pays\.\*\.",
        r"swap (between )?data\.dividends\.\*\.(dividend|product_name|jackpot_size|pool_size|positions)",
        r"swap between data\.meetings\.\*\.races\.\*\.(race_number|start_time)",
        r"swap between data\.results\.\*\.",
    ),
    "tab_au": (
        r"swap between runners\.\*\.(fixedOdds|parimutuel|runnerName|runnerNumber)",
        r"swap runners\.\*\.(fixedOdds|parimutuel)\.return",
        r"swap between pools\.\*\.(wageringProduct|poolTotal)",
        r"swap between approximates\.\*\.(return|selections)",
        r"swap between dividends\.",
        r"swap between meetings\.\*\.races\.\*\.race(StartTime|Number)",
        r"swap pools\.\*\.(legNumber<>poolTotal|poolTotal<>legNumber)",  # a number that nobody reads
        r"swap runners\.\*\.(runnerName<>\w+|\w+<>runnerName)",
        r"reorder results\.",  # the order of the list is the order of finish
    ),
    "hkjc": (
        r"swap between data\.raceMeetings\.\*\.pmPools\.\*\.oddsNodes\.\*\.(combString|oddsValue)",
        r"swap between data\.raceMeetings\.\*\.pmPools\.\*\.oddsNodes$",
        r"swap between data\.raceMeetings\.\*\.poolInvs\.\*\.investment",
        r"swap between data\.raceMeetings\.\*\.races\.\*\.(postTime|runners\.\*\.(no|name_en|finalPosition))",
    ),
    "pmu": (
        r"swap between participants\.\*\.(nom|dernierRapport\w+|numPmu)",
        r"swap (between )?participants\.\*\.dernierRapport(Direct|Reference)",
        r"swap participants\.\*\.(dernierRapport\w+<>dernierRapport\w+|nom<>\w+|\w+<>nom)",
        r"swap between rapportsParticipant\.\*\.",
        r"swap between programme\.reunions\.\*\.courses\.\*\.(heureDepart|numOrdre|ordreArrivee)",
        r"(reorder|drop) programme\.reunions\.\*\.courses\.\*\.ordreArrivee",  # the order is the order of finish
        r"swap between \*\.rapports\.\*\.(dividendePourUnEuro|combinaison)",
        r"swap between \*\.rapports",
    ),
    "nyra": (r"swap between pools\.\*\.probables\.\*\.(lowProbablePayout|selection|totalPoolGross)",),
    "tvg": (
        r"swap between .*(morningLineOdds|horseName|runnerId|currentOdds|betCombos\.\*\.(payout|runner1|runner2))$",
        r"swap between .*racePools\.\*\.(amount|wagerType)$",
        r"swap between .*(selections\.\*\.(payoutAmount|selection)|payouts\.\*\.(bettingInterestNumber|payoutAmount))$",
        r"swap between .*(postTime|finishPosition|runnerNumber)$",
        r"swap .*(morningLineOdds\.(numerator<>denominator|denominator<>numerator)|morningLineOdds<>currentOdds)",
        r"swap .*(currentOdds<>morningLineOdds|horseName<>\w+|(jockey|trainer)<>horseName)",
    ),
    "netkeiba": (
        r"swap (between )?data\.odds\.\d\.\d+<>\d+",  # whole cells of two horses or pairs, ranks and all
        r"swap (texts )?.*(HorseName|HorseInfo|HorseList)",
        r"swap texts .*(Odds|Ninki|Jockey|Trainer)",
        r"garble .*HorseName",  # any words may be a name
    ),
    "atg": (
        r"swap between races\.\*\.starts\.\*\.(number|horse|pools|driver)",
        r"swap between races\.\*\.starts\.\*\.pools",
        r"swap races\.\*\.starts\.\*\.horse\.(name<>|\w+<>name)",
        r"swap between races\.\*\.pools\.\w+\.result\.winners\.\*\.",
        r"swap between tracks\.\*\.races\.\*\.startTime",
        r"(reorder|swap) (between )?(races\.\*\.)?pools\.\w+\.comboOdds",  # a matrix without labels
    ),
    "rikstoto": (
        r"swap between result\.\*\.(odds|startNumber|minOdds|maxOdds)",
        r"swap between result\.\d+\.\*\.(horseName|startNumber)",
        r"swap result\.\d+\.\*\.(horseName<>|\w+<>horseName)",
        r"swap between result\.results\.\*\.",
        r"swap between result\.\*\.races\.\*\.",
    ),
    "betfair": (
        r"swap (between )?result\.\*\.runners\.\*\.ex\.",
        r"swap between result\.\*\.runners\.\*\.(runnerName|metadata|totalMatched|selectionId|lastPriceTraded|adjustmentFactor|ex|status)",
        r"swap between result\.\*\.(totalMatched|marketStartTime|marketName)",
        r"swap result\.\*\.runners\.\*\.(metadata\.\w+<>\w+|lastPriceTraded<>\w+|\w+<>lastPriceTraded)",
        r"swap result\.\*\.event(Type)?\.\w+<>\w+",  # the market is then another sport's or place's, and the day one shorter
    ),
    "rendered": (
        r"swap (texts )?main table\.(matrix|entries|odds|pools|finish|payoffs)",
    ),
    "demo": (r"swap (texts )?main table\.(exacta|entries|odds|pools|finish|payoffs|card)",),
}  # fmt: skip
