Feature: Gather metrics of the deployed digits model

  Scenario: The deployed model reads digits
    Given a digits model is deployed
    When images are sent to it one by one
    Then it gets most of them right
    And its metrics are stored
