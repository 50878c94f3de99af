Feature: Train the model

  Scenario: A model is trained
    Given nobody runs this against a deployment
