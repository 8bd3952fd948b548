"""What the project is worked on with: pages made from the code, the site, fuzzing, the wheel tried."""
