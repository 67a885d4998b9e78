"""`GET /healthz`: is this process up and can it reach its database?"""

from fastapi import APIRouter
from sqlalchemy import text

from ccx_broker.kit.db import Db

router = APIRouter()


@router.get("/healthz", include_in_schema=False)
def health(db: Db) -> dict[str, str]:
    """Answer 200 if a statement reaches the database, else with 503."""
    db.execute(text("SELECT 1"))
    return {"status": "ok"}
