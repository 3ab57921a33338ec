"""Use case: the proof of completeness: every order of a month beside what was made of it, or why nothing was."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from worker import overview
from worker.domain.document import Kind
from worker.domain.due import documents_due
from worker.domain.order import Order
from worker.domain.shop import Shop
from worker.errors import Rejected
from worker.looking import asked
from worker.overview import Listed as Made
from worker.polling import can_be_asked, keep
from worker.services import Services
from worker.store import alarms, documents, inbox, orders, reports, shops
from worker.store.inbox import Delivery
from worker.store.orders import SeenOrder
from worker.store.shops import Connected
from worker.store.steps import StepName
from worker.woocommerce.client import MAX_PER_PAGE, ShopClient
from worker.woocommerce.payload import Listed, parse_order, parse_refunds
