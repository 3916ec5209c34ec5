"""Websockets: changes go out, receipts come in. Commands go by HTTP."""
