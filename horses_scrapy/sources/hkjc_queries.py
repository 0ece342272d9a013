"""What is asked of the Hong Kong Jockey Club's GraphQL service.

Written by us from the documented names of fields. The service is known to answer only queries whose text its own site
sends; it may refuse these, which ends the run as `blocked`.
"""

from datetime import date
from typing import Any

BETS = ("WIN", "PLA", "QIN", "FCT")

MEETING = """query raceMeetings($date: String, $venueCode: String) {
  activeMeetings: raceMeetings { id venueCode date status }
  raceMeetings(date: $date, venueCode: $venueCode) {
    id status venueCode date totalNumberOfRace
    races {
      id no status raceName_en raceName_ch postTime raceTrack { description_en }
      runners {
        id no standbyNo status name_en horse { id code } barrierDrawNumber finalPosition deadHeat
        jockey { code name_en } trainer { code name_en }
      }
    }
  }
}"""

ODDS = """query racing($date: String, $venueCode: String, $oddsTypes: [OddsType], $raceNo: Int) {
  raceMeetings(date: $date, venueCode: $venueCode) {
    pmPools(oddsTypes: $oddsTypes, raceNo: $raceNo) {
      id status sellStatus oddsType lastUpdateTime leg { number races } oddsNodes { combString oddsValue }
    }
  }
}"""

INVESTMENTS = """query racing($date: String, $venueCode: String, $oddsTypes: [OddsType], $raceNo: Int) {
  raceMeetings(date: $date, venueCode: $venueCode) {
    poolInvs: pmPools(oddsTypes: $oddsTypes, raceNo: $raceNo) {
      id leg { number races } status sellStatus oddsType investment mergedPoolId lastUpdateTime
    }
  }
}"""

INVESTED = ("WIN", "PLA", "QIN", "QPL", "CWA", "CWB", "CWC", "FCT", "TCE", "TRI", "FF", "QTT")
"""All bets of one race: whether a pool is merged shows only in the lines of the others in it."""


def meeting(venue: str, day: date) -> dict[str, Any]:
    return {
        "operationName": "raceMeetings",
        "variables": {"date": day.isoformat(), "venueCode": venue},
        "query": MEETING,
    }


def odds(venue: str, day: date, race: int) -> dict[str, Any]:
    return _of_race(ODDS, BETS, venue, day, race)


def investments(venue: str, day: date, race: int) -> dict[str, Any]:
    return _of_race(INVESTMENTS, INVESTED, venue, day, race)


def _of_race(query: str, bets: tuple[str, ...], venue: str, day: date, race: int) -> dict[str, Any]:
    variables = {"date": day.isoformat(), "venueCode": venue, "oddsTypes": list(bets), "raceNo": race}
    return {"operationName": "racing", "variables": variables, "query": query}
