"""What is kept between runs: journals, recovered runs, idle floors."""
