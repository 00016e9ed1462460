//! Forecasts of price, surplus, load and arrivals from what was published.
